//! Products of a catalogue in a template: the one above the text, and those behind a button. All are named by the ids that
//! they have in the business's catalogue; what they are called and cost is known there alone.

use serde_json::Value;

use super::super::{list, word};

/// Most sections, and most products of all of them (contract `limits.json`: `product_list`).
const MAX_SECTIONS: usize = 10;
const MAX_PRODUCTS: usize = 30;

/// The products that a button opens.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize)]
pub struct Shelf {
    /// The product whose picture stands above the message.
    pub thumbnail: Option<String>,
    /// The products, under their headings; none where the whole catalogue opens.
    pub sections: Vec<Section>,
}

/// Products under a heading.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Section {
    /// The heading; empty if there is none.
    pub title: String,
    /// Their ids in the catalogue.
    pub products: Vec<String>,
}

/// The id of the product that a header's parameter names.
pub(super) fn of_header(parameter: &Value) -> Option<String> {
    id(parameter.get("product")?, "product_retailer_id")
}

/// What a button's `action` shows; `None` if it is of another sort.
pub(super) fn shelf(action: &Value) -> Option<Shelf> {
    let mut room = MAX_PRODUCTS;
    let mut section = |value: &Value| {
        let products: Vec<String> = list(value, "product_items")
            .iter()
            .filter_map(|item| id(item, "product_retailer_id"))
            .take(room)
            .collect();
        room -= products.len();
        (!products.is_empty()).then(|| Section {
            title: word(value, "title").to_owned(),
            products,
        })
    };
    let sections: Vec<Section> = list(action, "sections")
        .iter()
        .take(MAX_SECTIONS)
        .filter_map(&mut section)
        .collect();
    let thumbnail = id(action, "thumbnail_product_retailer_id");
    (thumbnail.is_some() || !sections.is_empty()).then_some(Shelf { thumbnail, sections })
}

fn id(value: &Value, name: &str) -> Option<String> {
    Some(word(value, name).trim())
        .filter(|id| !id.is_empty())
        .map(str::to_owned)
}
