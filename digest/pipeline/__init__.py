"""The use cases of this house and its only transactions: look, settle, publish, render, and the books."""
