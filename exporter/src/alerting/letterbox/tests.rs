//! What is left for the agent, what it takes in, and what it does with junk.

use std::os::unix::fs::{PermissionsExt, symlink};

use tempfile::TempDir;

use super::sweep::{Letter, Sweeper, Taken, prepare};
use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + second).unwrap()
}

fn silence(id: &str) -> Silence {
    Silence {
        id: id.into(),
        matchers: vec![("rule".into(), "tunnel-down".into())],
        who: "anna".to_owned(),
        why: "the line is dug up\nuntil noon".to_owned(),
        from: at(0),
        until: at(3600),
    }
}

/// A folder with the letterbox of an agent in it.
fn letterbox() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("state.db");
    prepare(&store);
    (folder, store)
}

/// Takes in everything and says `taken` to each.
fn take(store: &Path, taken: &Taken) -> Vec<Letter> {
    let mut letters = Vec::new();
    Sweeper::new(store).sweep(&mut |letter| {
        letters.push(letter);
        taken.clone()
    });
    letters
}

/// Names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

fn durable() -> Taken {
    Taken::Durable(vec!["test.1@pub".to_owned()])
}

#[test]
fn a_silence_is_taken_in_as_it_was_left_and_stays_until_it_is_durable() {
    let (_folder, store) = letterbox();
    let left = leave_silence(&store, &silence("s-1")).unwrap();
    let expected = [Letter::Silence(silence("s-1"))];
    assert_eq!(take(&store, &Taken::Later), expected);
    assert!(left.exists());
    assert_eq!(take(&store, &durable()), expected);
    assert!(names(&silences_folder(&store)).is_empty());
    assert_eq!(take(&store, &durable()), []);
}

#[test]
fn what_was_done_and_is_not_durable_stays_claimed_and_is_done_again_first() {
    let (_folder, store) = letterbox();
    let left = leave_silence(&store, &silence("z-1")).unwrap();
    assert_eq!(take(&store, &Taken::Uncommitted).len(), 1);
    assert_eq!(standing(&left), Standing::Claimed);
    assert!(!take_back(&left).unwrap());
    // Left by an agent that was killed, it is found by the next one.
    leave_silence(&store, &silence("a-1")).unwrap();
    let expected = ["z-1", "a-1"].map(|id| Letter::Silence(silence(id)));
    assert_eq!(take(&store, &durable()), expected);
    assert_eq!(standing(&left), Standing::Gone);
}

#[test]
fn what_nobody_had_time_for_replaces_nothing_that_came_meanwhile() {
    let (_folder, store) = letterbox();
    let left = leave_silence(&store, &silence("s-1")).unwrap();
    let mut newer = silence("s-1");
    newer.until = at(60);
    Sweeper::new(&store).sweep(&mut |_| {
        leave_silence(&store, &newer).unwrap();
        Taken::Later
    });
    assert_eq!(standing(&left), Standing::Waits);
    assert_eq!(take(&store, &durable()), [Letter::Silence(newer)]);
    assert!(names(&silences_folder(&store)).is_empty());
}

#[test]
fn a_test_gets_an_answer() {
    let (_folder, store) = letterbox();
    let request = leave_test(&store, "ask-7", "ops").unwrap();
    assert_eq!(read_answer(&request).unwrap(), None);
    let receiver = "ops".to_owned();
    assert_eq!(take(&store, &durable()), [Letter::Test { receiver }]);
    let messages = vec!["test.1@pub".to_owned()];
    let expected = Answer {
        messages,
        error: None,
    };
    assert_eq!(read_answer(&request).unwrap(), Some(expected));
    assert!(names(&requests_folder(&store)).is_empty());
    leave_test(&store, "ask-8", "nobody").unwrap();
    take(&store, &Taken::Refused("nobody is called so".to_owned()));
    let refused = read_answer(&requests_folder(&store).join("ask-8.json")).unwrap();
    assert_eq!(
        refused.unwrap().error.as_deref(),
        Some("nobody is called so")
    );
}

#[test]
fn the_folder_is_made_by_whoever_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("state.db");
    leave_silence(&store, &silence("early")).unwrap();
    let mode = fs::metadata(silences_folder(&store)).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o700);
    prepare(&store);
    assert_eq!(take(&store, &durable()).len(), 1);
    // Without any folder nothing is left, and nothing is wrong.
    assert_eq!(take(&folder.path().join("none/state.db"), &durable()), []);
}

#[test]
fn what_is_no_letter_is_set_aside_and_what_is_none_by_its_name_stays() {
    let (_folder, store) = letterbox();
    let folder = silences_folder(&store);
    let good = leave_silence(&store, &silence("good")).unwrap();
    let text = fs::read_to_string(&good).unwrap();
    fs::remove_file(good).unwrap();
    for (name, content) in [
        ("a.json", String::new()),
        ("b.json", text.replace("\"version\":1", "\"version\":2")),
        ("c.json", text.replace("\"good\"", "\"../x\"")),
        ("d.json", text.replace("{\"rule\":\"tunnel-down\"}", "{}")),
        ("e.json", text.replace("\"who\"", "\"whom\"")),
        (
            "f.json",
            text.replace("\"until\":\"2026", "\"until\":\"2046"),
        ),
        ("g.json", text.replace("anna", &"a".repeat(501))),
        ("h.json", " ".repeat(65 * 1024)),
    ] {
        assert_ne!(content, text, "{name}");
        fs::write(folder.join(name), content).unwrap();
    }
    fs::write(folder.join("w.json"), &text).unwrap();
    fs::set_permissions(folder.join("w.json"), fs::Permissions::from_mode(0o666)).unwrap();
    fs::write(folder.join("elsewhere"), &text).unwrap();
    symlink("elsewhere", folder.join("x.json")).unwrap();
    fs::create_dir(folder.join("y.json")).unwrap();
    fs::write(folder.join("z.json.123.new"), "{").unwrap();
    assert_eq!(take(&store, &durable()), []);
    assert_eq!(
        names(&folder),
        [
            "a.bad",
            "b.bad",
            "c.bad",
            "d.bad",
            "e.bad",
            "elsewhere",
            "f.bad",
            "g.bad",
            "h.bad",
            "w.bad",
            "x.bad",
            "y.bad",
            "z.json.123.new"
        ]
    );
    assert_eq!(take(&store, &durable()), []);
}

#[test]
fn nobody_fills_the_disk_with_what_makes_no_sense() {
    let (_folder, store) = letterbox();
    let folder = silences_folder(&store);
    for number in 0..50 {
        fs::write(folder.join(format!("{number:02}.json")), "{").unwrap();
    }
    assert_eq!(take(&store, &durable()), []);
    assert_eq!(names(&folder).len(), 20);
    // What was refused last is there for whoever wants to know.
    let left = leave_silence(&store, &silence("00")).unwrap();
    assert_eq!(
        take(&store, &Taken::Refused("no place".to_owned())).len(),
        1
    );
    assert!(bad_path(&left).exists());
    assert_eq!(names(&folder).len(), 20);
}

#[test]
fn the_log_says_why_of_each_letter_that_is_refused() {
    let (_folder, store) = letterbox();
    leave_silence(&store, &silence("s-1")).unwrap();
    leave_silence(&store, &silence("s-2")).unwrap();
    let (log, pen) = io::pipe().unwrap();
    let subscriber = tracing_subscriber::fmt().with_writer(move || pen.try_clone().unwrap());
    tracing::subscriber::with_default(subscriber.finish(), || {
        take(&store, &Taken::Refused("no place".to_owned()));
    });
    let told = io::read_to_string(log).unwrap();
    let told: Vec<&str> = told.lines().collect();
    assert_eq!(told.len(), 2, "{told:?}");
    for (line, file) in told.iter().zip(["s-1.bad", "s-2.bad"]) {
        assert!(line.contains(file) && line.contains("no place"), "{line}");
    }
}

#[test]
fn of_a_letter_that_was_refused_nothing_stays_beside_the_next_of_its_name() {
    let (_folder, store) = letterbox();
    let left = leave_silence(&store, &silence("s-1")).unwrap();
    take(&store, &Taken::Refused("no place".to_owned()));
    assert!(bad_path(&left).exists());
    leave_silence(&store, &silence("s-1")).unwrap();
    take(&store, &durable());
    assert!(names(&silences_folder(&store)).is_empty());
}

#[test]
fn a_letter_among_junk_is_found_and_no_look_goes_through_all_of_it() {
    let (_folder, store) = letterbox();
    let folder = silences_folder(&store);
    for number in 0..12_000 {
        fs::write(folder.join(format!("junk-{number}")), "").unwrap();
    }
    for number in 0..3_000 {
        fs::write(folder.join(format!("{number}.json")), "{").unwrap();
    }
    leave_silence(&store, &silence("wanted")).unwrap();
    let mut sweeper = Sweeper::new(&store);
    let mut letters = Vec::new();
    let mut looks = 0;
    while letters.is_empty() && looks < 20 {
        looks += 1;
        let before = names(&folder).len();
        sweeper.sweep(&mut |letter| {
            letters.push(letter);
            durable()
        });
        assert!(
            before - names(&folder).len() <= 1_000,
            "a look does so much"
        );
    }
    assert_eq!(letters, [Letter::Silence(silence("wanted"))]);
}

#[test]
fn neither_a_link_nor_a_pipe_in_the_folders_place_or_in_it_is_followed_or_waited_for() {
    let (folder, store) = letterbox();
    let elsewhere = folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    leave_silence(&store, &silence("s-1")).unwrap();
    let silences = silences_folder(&store);
    fs::rename(silences.join("s-1.json"), elsewhere.join("s-1.json")).unwrap();
    let pipe = silences.join("pipe.json");
    let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, mode, 0).unwrap();
    assert_eq!(take(&store, &durable()), []);
    assert_eq!(names(&silences), ["pipe.bad"]);
    fs::remove_dir_all(&silences).unwrap();
    symlink(&elsewhere, &silences).unwrap();
    assert_eq!(take(&store, &durable()), []);
    assert_eq!(names(&elsewhere), ["s-1.json"]);
}

#[test]
fn a_busy_writer_is_asked_once_a_look() {
    let (_folder, store) = letterbox();
    for id in ["a", "b", "c"] {
        leave_silence(&store, &silence(id)).unwrap();
    }
    assert_eq!(take(&store, &Taken::Later).len(), 1);
    assert_eq!(take(&store, &durable()).len(), 3);
}

#[test]
fn a_folder_without_a_name_is_where_we_are() {
    let here = std::env::current_dir().unwrap();
    let found = fs::metadata(here).unwrap();
    give_to_owner_of(Path::new("silences").parent(), Path::new(".")).unwrap();
    assert_eq!(fs::metadata(".").unwrap().uid(), found.uid());
}

#[test]
fn a_name_leads_nowhere_else() {
    let (_folder, store) = letterbox();
    for name in ["", "..", "../x", "a/b", ".hidden", "a b"] {
        leave_test(&store, name, "ops").unwrap_err();
    }
}
