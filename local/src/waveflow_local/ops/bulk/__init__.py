"""Read manifests, and keep journals of what was done with their lines."""
