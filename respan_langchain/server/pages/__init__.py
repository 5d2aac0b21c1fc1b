"""One module per web page, and the parts that several pages share."""
