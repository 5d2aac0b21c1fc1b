"""One module per web page: reads the store, and has the actions of the page's forms."""
