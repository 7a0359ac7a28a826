//! Through the feature's own service.
