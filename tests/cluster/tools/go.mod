module pinnace.dev/tests/cluster/tools

go 1.26.0
