"""Redis as this project uses it: one server or a cluster, opened, guarded, started where there is none."""
