//! The media path: finding and writing base64 audio in JSON frames without building a tree.
