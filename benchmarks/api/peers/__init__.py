"""The same endpoints, written as the users of other frameworks write them. They do not import the product."""
