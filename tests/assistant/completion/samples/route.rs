//! Shortest ways through a small map of places.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};
use std::fmt;

/// What is wrong with a map, or with a question to it.
#[derive(Debug, Clone, PartialEq)]
pub enum RouteError {
    UnknownPlace(String),
    NegativeLength { from: String, to: String },
    NoWay,
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RouteError::UnknownPlace(name) => write!(f, "there is no place {}", name),
            RouteError::NegativeLength { from, to } => {
                write!(f, "the way from {} to {} is negative", from, to)
            }
            RouteError::NoWay => write!(f, "there is no way"),
        }
    }
}

impl std::error::Error for RouteError {}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Visit {
    length: f64,
    place: usize,
}

impl Eq for Visit {}

impl Ord for Visit {
    fn cmp(&self, other: &Self) -> Ordering {
        other
            .length
            .partial_cmp(&self.length)
            .unwrap_or(Ordering::Equal)
    }
}

impl PartialOrd for Visit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Places with the ways between them.
#[derive(Default)]
pub struct Map {
    names: Vec<String>,
    places: HashMap<String, usize>,
    ways: Vec<Vec<(usize, f64)>>,
}

impl Map {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn place(&mut self, name: &str) -> usize {
        if let Some(&known) = self.places.get(name) {
            return known;
        }
        let number = self.names.len();
        self.names.push(name.to_string());
        self.places.insert(name.to_string(), number);
        self.ways.push(Vec::new());
        number
    }

    pub fn connect(&mut self, from: &str, to: &str, length: f64) -> Result<(), RouteError> {
        if length < 0.0 {
            return Err(RouteError::NegativeLength {
                from: from.to_string(),
                to: to.to_string(),
            });
        }
        let first = self.place(from);
        let second = self.place(to);
        self.ways[first].push((second, length));
        self.ways[second].push((first, length));
        Ok(())
    }

    fn find(&self, name: &str) -> Result<usize, RouteError> {
        self.places
            .get(name)
            .copied()
            .ok_or_else(|| RouteError::UnknownPlace(name.to_string()))
    }

    pub fn shortest(&self, from: &str, to: &str) -> Result<f64, RouteError> {
        let start = self.find(from)?;
        let goal = self.find(to)?;
        let mut best = vec![f64::INFINITY; self.names.len()];
        let mut heap = BinaryHeap::new();
        best[start] = 0.0;
        heap.push(Visit { length: 0.0, place: start });
        while let Some(Visit { length, place }) = heap.pop() {
            if place == goal {
                return Ok(length);
            }
            if length > best[place] {
                continue;
            }
            for &(next, way) in &self.ways[place] {
                let longer = length + way;
                if longer < best[next] {
                    best[next] = longer;
                    heap.push(Visit { length: longer, place: next });
                }
            }
        }
        Err(RouteError::NoWay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Map {
        let mut map = Map::new();
        map.connect("home", "mill", 2.0).unwrap();
        map.connect("mill", "lake", 3.5).unwrap();
        map
    }

    #[test]
    fn ways_add_up() {
        assert_eq!(small().shortest("home", "lake"), Ok(5.5));
    }

    #[test]
    fn a_place_is_no_way_from_itself() {
        assert_eq!(small().shortest("mill", "mill"), Ok(0.0));
    }

    #[test]
    fn unknown_places_are_named() {
        let error = small().shortest("home", "moon").unwrap_err();
        assert_eq!(error, RouteError::UnknownPlace("moon".to_string()));
    }

    #[test]
    fn negative_ways_are_refused() {
        let mut map = small();
        assert!(map.connect("lake", "home", -1.0).is_err());
    }
}
