module kubesregym.dev/nodeinit

go 1.24
