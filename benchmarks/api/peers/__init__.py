"""The same endpoints, written as the users of other frameworks write them. They import nothing of the product."""
