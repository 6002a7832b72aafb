//! Ways to a program, right and wrong ones.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use tempfile::TempDir;

use super::*;

/// A folder with `bin/tool` in it, all of it ours alone.
fn ground() -> TempDir {
    let ground = tempfile::tempdir().unwrap();
    set_mode(ground.path(), 0o700);
    fs::create_dir(ground.path().join("bin")).unwrap();
    fs::write(ground.path().join("bin/tool"), "").unwrap();
    set_mode(&ground.path().join("bin"), 0o755);
    set_mode(&ground.path().join("bin/tool"), 0o755);
    ground
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn us() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Where and why a program is not trusted; `None` if it is.
fn flaw(program: &Path) -> Option<(PathBuf, Flaw)> {
    match check(program, us()) {
        Ok(()) => None,
        Err(Distrust::Unsafe { place, flaw }) => Some((place, flaw)),
        Err(Distrust::Unreachable(error)) => panic!("{}: {error}", program.display()),
    }
}

#[test]
fn a_program_of_ours_below_a_shared_folder_is_trusted() {
    let ground = ground();
    assert_eq!(flaw(&ground.path().join("bin/tool")), None);
    assert_eq!(flaw(&ground.path().join("bin/../bin/./tool")), None);
}

#[test]
fn nobody_else_may_write_to_the_program_or_a_folder_on_its_way() {
    for (place, mode, is_trusted) in [
        ("bin/tool", 0o755, true),
        ("bin/tool", 0o555, true),
        ("bin/tool", 0o775, false),
        ("bin/tool", 0o757, false),
        ("bin", 0o700, true),
        ("bin", 0o775, false),
        ("bin", 0o757, false),
        (".", 0o755, true),
        (".", 0o770, false),
        (".", 0o777, false),
    ] {
        let ground = ground();
        let root = ground.path().canonicalize().unwrap();
        set_mode(&root.join(place), mode);
        let expected = (!is_trusted).then(|| match place {
            "." => (root.clone(), Flaw::Writable),
            below => (root.join(below), Flaw::Writable),
        });
        assert_eq!(flaw(&root.join("bin/tool")), expected, "{place} {mode:o}");
    }
}

#[test]
fn a_shared_folder_holds_no_program_and_no_link() {
    let ground = ground();
    let root = ground.path().canonicalize().unwrap();
    symlink("bin/tool", root.join("link")).unwrap();
    fs::write(root.join("tool"), "").unwrap();
    set_mode(&root.join("tool"), 0o755);
    assert_eq!(flaw(&root.join("link")), None);
    set_mode(&root, 0o1777);
    for name in ["tool", "link"] {
        let expected = Some((root.join(name), Flaw::InSharedFolder));
        assert_eq!(flaw(&root.join(name)), expected);
    }
    assert_eq!(flaw(&root.join("bin/tool")), None);
}

#[test]
fn the_whole_way_of_a_link_counts() {
    let ground = ground();
    let root = ground.path().canonicalize().unwrap();
    fs::create_dir(root.join("links")).unwrap();
    set_mode(&root.join("links"), 0o755);
    symlink(root.join("bin"), root.join("links/absolute")).unwrap();
    symlink("../links/absolute/tool", root.join("links/relative")).unwrap();
    let program = root.join("links/relative");
    assert_eq!(flaw(&program), None);
    set_mode(&root.join("bin"), 0o775);
    let leads_to = Some((root.join("bin"), Flaw::Writable));
    assert_eq!(flaw(&program), leads_to, "where it leads");
    set_mode(&root.join("bin"), 0o755);
    set_mode(&root.join("links"), 0o775);
    let stands_in = Some((root.join("links"), Flaw::Writable));
    assert_eq!(flaw(&program), stands_in, "where it stands");
}

#[test]
fn only_root_and_we_may_own_a_place() {
    let of = |owner, kind, mode, folder| flaw_of(&Traits { kind, owner, mode }, 1000, folder);
    let private = InWhat::PrivateFolder;
    for kind in [Kind::Folder, Kind::Link, Kind::Other] {
        assert_eq!(of(0, kind, 0o755, private), None);
        assert_eq!(of(1000, kind, 0o755, private), None);
        for folder in [private, InWhat::SharedFolder] {
            assert_eq!(of(1001, kind, 0o755, folder), Some(Flaw::ForeignOwner));
            assert_eq!(of(65_534, kind, 0o1777, folder), Some(Flaw::ForeignOwner));
        }
    }
    // Every link has this mode.
    assert_eq!(of(0, Kind::Link, 0o777, private), None);
    // A sticky program is none the safer.
    assert_eq!(of(0, Kind::Other, 0o1777, private), Some(Flaw::Writable));
}

#[test]
fn a_way_without_an_end_is_told_apart() {
    let ground = ground();
    let root = ground.path();
    symlink("circle", root.join("circle")).unwrap();
    for (name, kind) in [
        ("nothing", io::ErrorKind::NotFound),
        ("bin/tool/below", io::ErrorKind::NotADirectory),
    ] {
        match check(&root.join(name), us()) {
            Err(Distrust::Unreachable(error)) => assert_eq!(error.kind(), kind, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    match check(&root.join("circle"), us()) {
        Err(Distrust::Unreachable(error)) => {
            assert_eq!(error.raw_os_error(), Some(Errno::LOOP.raw_os_error()));
        }
        other => panic!("{other:?}"),
    }
}
