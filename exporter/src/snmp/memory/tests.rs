//! What SNMP remembers over a restart, over a store in memory that can be full.

use super::*;

/// A store in memory that can be full.
#[derive(Default)]
pub(crate) struct Disk {
    pub(crate) kept: Mutex<BTreeMap<Arc<str>, Vec<u8>>>,
    pub(crate) is_full: Mutex<bool>,
}

impl Durable for Disk {
    fn keep(&self, changes: KeptChanges) -> Result<(), String> {
        if *self.is_full.lock().unwrap() {
            return Err("no space left".to_owned());
        }
        let mut kept = self.kept.lock().unwrap();
        for (key, value) in changes {
            store::check_kept(&key, value.as_deref().unwrap_or_default()).unwrap();
            match value {
                Some(value) => kept.insert(key, value),
                None => kept.remove(&key),
            };
        }
        Ok(())
    }
}

impl Disk {
    /// What a start would find.
    pub(crate) fn found(&self) -> BTreeMap<Arc<str>, Vec<u8>> {
        self.kept.lock().unwrap().clone()
    }
}

fn memory(disk: &Arc<Disk>) -> Memory {
    let durable: Arc<dyn Durable> = Arc::<Disk>::clone(disk);
    Memory::new(
        durable,
        &disk.found(),
        Arc::default(),
        SnmpMetrics::default(),
    )
}

fn write(memory: &Memory, disk: &Disk) -> usize {
    let before = disk.found();
    memory.write().unwrap();
    let after = disk.found();
    let is_new = |(key, value): &(&Arc<str>, &Vec<u8>)| before.get(*key) != Some(*value);
    after.iter().filter(is_new).count()
}

#[test]
fn an_engine_keeps_its_name_and_counts_on() {
    let disk = Arc::new(Disk::default());
    let first = memory(&disk);
    let mut record = first.engine().unwrap();
    assert_eq!(first.load_engine().unwrap(), Some(record.clone()));
    record.boots = 7;
    first.save_engine(&record).unwrap();
    assert_eq!(memory(&disk).engine().unwrap(), record);
}

#[test]
fn a_name_is_kept_before_the_first_start_and_never_over_a_later_record() {
    let disk = Arc::new(Disk::default());
    let first = memory(&disk);
    first.name_engine().unwrap();
    let mut record = memory(&disk).engine().unwrap();
    assert_eq!(record, first.engine().unwrap());
    record.boots = 3;
    first.save_engine(&record).unwrap();
    first.name_engine().unwrap();
    assert_eq!(memory(&disk).engine().unwrap().boots, 3);
}

#[test]
fn a_start_that_is_not_stored_is_no_start() {
    let disk = Arc::new(Disk::default());
    *disk.is_full.lock().unwrap() = true;
    let memory = memory(&disk);
    let mut record = memory.engine().unwrap();
    record.boots = 1;
    assert_eq!(
        memory.save_engine(&record),
        Err(KeepError("no space left".to_owned()))
    );
    assert_eq!(memory.engine().unwrap().boots, 0);
}

#[test]
fn a_damaged_record_makes_another_engine() {
    let disk = Arc::new(Disk::default());
    for value in ["", "{}", r#"{"version":2,"id":"8000000001","boots":1}"#] {
        let key = Arc::from(ENGINE_KEY);
        disk.keep(vec![(key, Some(value.into()))]).unwrap();
        assert_eq!(memory(&disk).engine().unwrap().boots, 0);
    }
}

#[test]
fn numbers_of_rows_outlive_the_process_and_only_new_ones_are_written() {
    let disk = Arc::new(Disk::default());
    let mut indexes = Indexes::default();
    for number in 0..3_000 {
        indexes
            .mounts
            .learn(&format!("/mnt/a folder of some length/{number}"));
        indexes.logs.learn(&format!("pub\u{1f}log {number}"));
    }
    let first = memory(&disk);
    first.save_indexes(&indexes).unwrap();
    assert!(write(&first, &disk) > 3);
    assert!(first.unwritten().is_none());
    let second = memory(&disk);
    assert_eq!(second.load_indexes().unwrap(), indexes);
    indexes.disks.learn("vda");
    indexes.mounts.learn("/one more");
    second.save_indexes(&indexes).unwrap();
    assert_eq!(write(&second, &disk), 2);
    assert_eq!(memory(&disk).load_indexes().unwrap(), indexes);
}

#[test]
fn a_name_that_is_too_long_is_left_out_and_told_and_the_others_are_kept() {
    let disk = Arc::new(Disk::default());
    let first = memory(&disk);
    let mut indexes = Indexes::default();
    let long = "x".repeat(NAME_BYTES_MAX + 1);
    for name in ["/", long.as_str(), "/var"] {
        indexes.mounts.learn(name);
    }
    first.save_indexes(&indexes).unwrap();
    assert_eq!(write_pieces(&indexes).left_out, 1);
    write(&first, &disk);
    assert!(first.lock().is_told_of_left_out);
    let again = memory(&disk).load_indexes().unwrap().mounts;
    assert_eq!(
        (again.get("/"), again.get("/var"), again.get(&long)),
        (Some(1), Some(3), None)
    );
}
