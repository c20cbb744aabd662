//! What bundles and readers share: the catalog, column tags and classes.
