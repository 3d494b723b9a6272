"""The chat page: `page` builds and serves it, `markup` writes the HTML of its turns."""
