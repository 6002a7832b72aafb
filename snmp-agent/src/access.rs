//! Who sees what: views of the tree, and a tree seen through one.
//!
//! A view is a list of subtrees, shown or hidden; the longest that holds a name decides,
//! and a name in none is hidden (RFC 3415 5, without masks). What is hidden does not
//! exist: GET says noSuchObject, a walk goes over it.

use std::sync::Arc;

use crate::oid::Oid;
use crate::tree::{Found, Row, Tree};

/// Whether a subtree is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// It is.
    Shown,
    /// It is not.
    Hidden,
}

/// A part of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    subtrees: Vec<(Oid, Visibility)>,
}

impl View {
    /// Everything.
    pub fn everything() -> Self {
        Self::new(vec![(Oid::new(&[]), Visibility::Shown)])
    }

    /// These subtrees.
    pub fn new(mut subtrees: Vec<(Oid, Visibility)>) -> Self {
        // The longest first, so that the first that holds a name decides.
        subtrees.sort_by_key(|(oid, _)| std::cmp::Reverse(oid.numbers().len()));
        Self { subtrees }
    }

    /// Whether the name is shown.
    pub fn shows(&self, name: &[u32]) -> bool {
        let mut holding = self.subtrees.iter();
        let found = holding.find(|(oid, _)| name.starts_with(oid.numbers()));
        found.is_some_and(|(_, visibility)| *visibility == Visibility::Shown)
    }

    fn is_everything(&self) -> bool {
        let all = self.subtrees.as_slice();
        matches!(all, [(oid, Visibility::Shown)] if oid.numbers().is_empty())
    }
}

/// A tree through a view. The rows that are shown are worked out once, so that a walk
/// over much that is hidden costs no more than another.
#[derive(Debug, Clone)]
pub struct Scene {
    tree: Arc<Tree>,
    view: Arc<View>,
    // Invariant: ascending places of rows that the view shows; `None` if it shows all.
    places: Option<Vec<usize>>,
}

impl Scene {
    /// Looks at a tree through a view.
    pub fn new(tree: Arc<Tree>, view: Arc<View>) -> Self {
        let places = (!view.is_everything()).then(|| {
            let rows = tree.rows().iter().enumerate();
            let shown = rows.filter(|(_, row)| view.shows(row.oid.numbers()));
            shown.map(|(place, _)| place).collect()
        });
        Self { tree, view, places }
    }

    /// The instance of exactly this name, if it is shown.
    pub fn get(&self, name: &[u32]) -> Found<'_> {
        if self.places.is_some() && !self.view.shows(name) {
            return Found::NoSuchObject;
        }
        self.tree.get(name)
    }

    /// Goes through the rows behind a name.
    pub fn after(&self, name: &[u32]) -> Walk<'_> {
        let place = self.tree.place_after(name);
        let next = match &self.places {
            None => place,
            Some(places) => places.partition_point(|shown| *shown < place),
        };
        Walk { scene: self, next }
    }
}

/// Rows in order, through a view.
#[derive(Debug, Clone)]
pub struct Walk<'a> {
    scene: &'a Scene,
    next: usize,
}

impl<'a> Iterator for Walk<'a> {
    type Item = &'a Row;

    fn next(&mut self) -> Option<&'a Row> {
        let place = match &self.scene.places {
            None => self.next,
            Some(places) => *places.get(self.next)?,
        };
        self.next = self.next.saturating_add(1);
        self.scene.tree.row(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Builder;
    use crate::value::Value;

    fn scene(subtrees: &[(&str, Visibility)]) -> Scene {
        let mut builder = Builder::default();
        for object in ["1.1", "1.2", "1.2.3", "1.3"] {
            let object = Oid::parse(object).unwrap().join(&[9]);
            builder.scalar(object.numbers(), Value::Integer(0));
        }
        let parse =
            |(text, visibility): &(&str, Visibility)| (Oid::parse(text).unwrap(), *visibility);
        let view = View::new(subtrees.iter().map(parse).collect());
        Scene::new(Arc::new(builder.finish()), Arc::new(view))
    }

    fn walk(scene: &Scene, from: &[u32]) -> Vec<String> {
        scene.after(from).map(|row| row.oid.to_string()).collect()
    }

    #[test]
    fn the_longest_subtree_decides() {
        use Visibility::{Hidden, Shown};
        let scene = scene(&[("1", Shown), ("1.2", Hidden), ("1.2.3", Shown)]);
        assert_eq!(walk(&scene, &[]), ["1.1.9.0", "1.2.3.9.0", "1.3.9.0"]);
        assert_eq!(walk(&scene, &[1, 1, 9, 0]), ["1.2.3.9.0", "1.3.9.0"]);
        assert_eq!(scene.get(&[1, 2, 9, 0]), Found::NoSuchObject);
        assert_eq!(scene.get(&[1, 3, 9, 1]), Found::NoSuchInstance);
    }

    #[test]
    fn a_view_of_nothing_shows_nothing() {
        let scene = scene(&[]);
        assert_eq!(walk(&scene, &[]), Vec::<String>::new());
        assert_eq!(scene.get(&[1, 1, 9, 0]), Found::NoSuchObject);
    }

    #[test]
    fn everything_is_everything() {
        let everything = View::everything();
        assert!(everything.shows(&[1]) && everything.is_everything());
        let scene = Scene::new(Arc::clone(&scene(&[]).tree), Arc::new(everything));
        assert_eq!(walk(&scene, &[1, 2]).len(), 3);
    }
}
