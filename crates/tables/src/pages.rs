//! Queries whose results take several pages.

use std::vec;

use aws_sdk_dynamodb::operation::query::{QueryError, QueryOutput};

use crate::{Answer, Item, Query};

/// The pages of a query, read one after the other.
#[derive(Debug)]
pub struct Pages {
    /// `None` after the last page.
    next: Option<Query>,
}

/// The items of a query, read page by page.
#[derive(Debug)]
pub struct Items {
    pages: Pages,
    page: vec::IntoIter<Item>,
}

impl Query {
    /// The pages of this query.
    pub fn into_pages(self) -> Pages {
        Pages { next: Some(self) }
    }

    /// The items of all pages of this query.
    pub fn into_items(self) -> Items {
        Items { pages: self.into_pages(), page: Vec::new().into_iter() }
    }
}

impl Pages {
    /// The next page; `None` after the last one, and after an error.
    pub async fn next(&mut self) -> Option<Answer<QueryOutput, QueryError>> {
        let query = self.next.take()?;
        let page = query.clone().send().await;
        if let Ok(QueryOutput { last_evaluated_key: Some(last), .. }) = &page {
            self.next = Some(query.set_exclusive_start_key(Some(last.clone())));
        }
        Some(page)
    }
}

impl Items {
    /// The next item; `None` after the last one, and after an error.
    pub async fn next(&mut self) -> Option<Answer<Item, QueryError>> {
        loop {
            if let Some(item) = self.page.next() {
                return Some(Ok(item));
            }
            match self.pages.next().await? {
                Ok(page) => self.page = page.items.unwrap_or_default().into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
