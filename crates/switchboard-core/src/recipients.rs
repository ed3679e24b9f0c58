//! Whom an event is for.

use std::ops::Deref;
use std::slice;

use crate::ConnId;

/// The connections that an event is for, each once.
#[derive(Clone, Debug)]
pub struct Recipients(Kept);

/// Most events are for one. Nobody is an empty `Several`, which takes no memory.
#[derive(Clone, Debug)]
enum Kept {
    One(ConnId),
    Several(Box<[ConnId]>),
}

impl Recipients {
    pub(crate) fn none() -> Self {
        Self(Kept::Several(Box::default()))
    }

    pub(crate) const fn one(conn: ConnId) -> Self {
        Self(Kept::One(conn))
    }
}

impl From<Vec<ConnId>> for Recipients {
    fn from(conns: Vec<ConnId>) -> Self {
        match conns[..] {
            [one] => Self::one(one),
            _ => Self(Kept::Several(conns.into_boxed_slice())),
        }
    }
}

impl Deref for Recipients {
    type Target = [ConnId];

    fn deref(&self) -> &[ConnId] {
        match &self.0 {
            Kept::One(conn) => slice::from_ref(conn),
            Kept::Several(conns) => conns,
        }
    }
}

impl PartialEq for Recipients {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Recipients {}

impl FromIterator<ConnId> for Recipients {
    fn from_iter<I: IntoIterator<Item = ConnId>>(conns: I) -> Self {
        let mut conns = conns.into_iter();
        let Some(first) = conns.next() else {
            return Self::none();
        };
        let Some(second) = conns.next() else {
            return Self::one(first);
        };
        let mut several = vec![first, second];
        several.extend(conns);
        several.into()
    }
}

impl<'a> IntoIterator for &'a Recipients {
    type Item = &'a ConnId;
    type IntoIter = slice::Iter<'a, ConnId>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_those_they_were_made_of() {
        for count in 0..5 {
            let conns: Vec<ConnId> = (0..count).map(ConnId::new).collect();
            let recipients: Recipients = conns.iter().copied().collect();
            assert_eq!(*recipients, *conns);
            assert_eq!(recipients, Recipients::from(conns));
        }
    }

    #[test]
    fn they_take_two_words() {
        assert_eq!(size_of::<Recipients>(), 16);
    }
}
