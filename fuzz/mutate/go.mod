module example.com/dps/fuzz/mutate

go 1.24
