"""The dataset API's endpoints: validate a request, call the store, build the response."""
