//! The tables that there are.

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableDefinition {
    /// The table's name.
    pub name: &'static str,
    /// The number that stands for the table in every row of it; it must never change.
    pub number: i64,
    /// The attribute of the partition key, a string.
    pub partition_key: &'static str,
    /// The attribute of the sort key, a string, if there is one.
    pub sort_key: Option<&'static str>,
    /// The secondary indexes.
    pub indexes: &'static [IndexDefinition],
    /// The secondary indexes with the keys of the table.
    pub views: &'static [ViewDefinition],
}

/// A secondary index with the keys of its table and some attributes of each item. It has no rows of its own: a query reads the
/// table, and is charged as the index would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewDefinition {
    /// The index's name.
    pub name: &'static str,
    /// The attributes besides the keys: DynamoDB's `INCLUDE`.
    pub attributes: &'static [&'static str],
}

/// A secondary index. It has the items that have both of its attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexDefinition {
    /// The index's name.
    pub name: &'static str,
    /// The number that stands for the index in every row of it; it must never change.
    pub number: i64,
    /// The attribute of the partition key, a string.
    pub partition_key: &'static str,
    /// The attribute of the sort key, a string.
    pub sort_key: &'static str,
    /// Whether the index has only the keys of an item: DynamoDB's `KEYS_ONLY`, otherwise `ALL`.
    pub keys_only: bool,
}

impl TableDefinition {
    /// Whether an attribute is part of the key.
    pub(crate) fn is_key(&self, name: &str) -> bool {
        name == self.partition_key || Some(name) == self.sort_key
    }

    pub(crate) fn index(&self, name: &str) -> Option<&IndexDefinition> {
        self.indexes.iter().find(|index| index.name == name)
    }

    pub(crate) fn view(&self, name: &str) -> Option<&ViewDefinition> {
        self.views.iter().find(|view| view.name == name)
    }
}
