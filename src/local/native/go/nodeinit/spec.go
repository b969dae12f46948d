package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// Spec says what the node is made of. Paths in Mounts.Source are the host's, all others are the node's own.
type Spec struct {
	Cgroup     string            `json:"cgroup"`     // name of the node's cgroup, a child of the root of every hierarchy
	Hostname   string            `json:"hostname"`   //
	NewRoot    string            `json:"newRoot"`    // an empty folder of the host on which the node's root is built; nothing is written to it
	Mounts     []Mount           `json:"mounts"`     //
	Links      map[string]string `json:"links"`      // symbolic links in the root: path -> target
	Files      map[string]string `json:"files"`      // small files in the root: path -> content
	Masked     map[string]string `json:"masked"`     // files of the kernel that the node sees with this content and cannot change: path -> content
	Sysctls    map[string]string `json:"sysctls"`    // path under /proc/sys -> value; all of them must belong to the network namespace
	Network    [][]string        `json:"network"`    // commands run once the link is there
	Env        []string          `json:"env"`        // environment of every program
	LogDir     string            `json:"logDir"`     // the host's folder of log files
	NodeLogDir string            `json:"nodeLogDir"` // the same folder as the node sees it
	StatusFile string            `json:"statusFile"` // what runs, as the node sees its path
	Programs   []Program         `json:"programs"`
}

// Mount is one mount of the node's root. Type: bind (recursive), overlay (lower layers only, read-only), tmpfs.
type Mount struct {
	Type     string   `json:"type"`
	Source   string   `json:"source"`
	Lower    []string `json:"lower"`
	Target   string   `json:"target"`
	ReadOnly bool     `json:"readOnly"`
}

// Program is restarted whenever it ends. It is started once WaitFor ("unix:PATH" or "tcp:HOST:PORT") accepts connections.
type Program struct {
	Name    string   `json:"name"`
	Argv    []string `json:"argv"`
	Env     []string `json:"env"`
	WaitFor string   `json:"waitFor"`
}

func readSpec(path string) (*Spec, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	spec := &Spec{}
	if err := json.Unmarshal(data, spec); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return spec, nil
}
