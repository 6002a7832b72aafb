//! Several sources that match the same files.

use super::world::World;

fn paths(world: &mut World, source: usize) -> Vec<String> {
    let files = world.status_of(source).files;
    files.into_iter().map(|file| file.path).collect()
}

#[test]
fn a_file_that_two_logs_of_a_connector_match_is_read_for_the_first() {
    let mut world = World::following("/log/a.log");
    world.add_source(0, "/log/*.log");
    world.disk.append("/log/a.log", "a\n");
    world.disk.append("/log/b.log", "b\n");
    world.poll();
    world.poll();
    world.expect(&["a", "b"]);
    assert_eq!(paths(&mut world, 0), ["/log/a.log"]);
    assert_eq!(paths(&mut world, 1), ["/log/b.log"]);
    assert_eq!(world.status_of(1).unreadable, []);
}

#[test]
fn connectors_that_match_the_same_file_read_it_each() {
    let mut world = World::following("/log/a.log");
    world.add_source(1, "/log/*.log");
    world.disk.append("/log/a.log", "a\n");
    world.poll();
    world.expect(&["a", "a"]);
}

#[test]
fn a_file_that_is_renamed_into_another_log_goes_on_there() {
    let mut world = World::following("/log/a.log");
    world.add_source(0, "/log/*.old");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.append("/log/a.log", "two\n");
    world.disk.rename("/log/a.log", "/log/a.old");
    world.disk.append("/log/a.log", "three\n");
    world.poll();
    assert_eq!(paths(&mut world, 1), ["/log/a.old"]);
    world.disk.rename("/log/a.old", "/log/a.log");
    world.disk.append("/log/a.log", "four\n");
    world.poll();
    world.poll_after(40);
    world.lines.sort();
    world.expect(&["four", "one", "three", "two"]);
}

#[test]
fn a_new_configuration_may_move_a_file_to_another_log() {
    let mut world = World::following("/log/a.log");
    world.add_source(0, "/log/b.log");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.source.patterns = vec!["/log/c.log".to_owned()];
    world.others[0].patterns = vec!["/log/a.log".to_owned()];
    world.reload();
    world.disk.append("/log/a.log", "two\n");
    world.poll();
    world.poll_after(60);
    world.disk.append("/log/a.log", "three\n");
    world.poll();
    world.expect(&["one", "two", "three"]);
}

#[test]
fn positions_that_two_logs_of_a_connector_kept_become_one() {
    let mut world = World::following("/log/a.log");
    world.add_source(1, "/log/a.log");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    assert_eq!(world.positions().len(), 2);
    world.others[0].group = 0;
    world.crash();
    world.disk.append("/log/a.log", "two\n");
    // Also when it is found by identity only.
    world.disk.rename("/log/a.log", "/log/a.log.1");
    world.poll();
    world.poll_after(60);
    world.expect(&["one", "one", "two"]);
    assert_eq!(world.positions().len(), 1);
}
