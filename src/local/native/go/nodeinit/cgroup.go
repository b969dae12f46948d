package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// hierarchy is one mounted cgroup hierarchy of the host.
type hierarchy struct {
	mountpoint string
	options    string // controllers (v1) as mount(8) takes them
	v2         bool
}

// hierarchies reads the cgroup mounts from /proc/self/mountinfo: the whole of v2, or every v1 controller (and the unified one beside them).
func hierarchies() ([]hierarchy, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var found []hierarchy
	seen := map[string]bool{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		before, after, ok := strings.Cut(lines.Text(), " - ")
		fields, rest := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(rest) < 3 || !strings.HasPrefix(fields[4], "/sys/fs/cgroup") {
			continue
		}
		switch rest[0] {
		case "cgroup2":
			found = append(found, hierarchy{mountpoint: fields[4], v2: true})
		case "cgroup":
			options := controllersOf(rest[2])
			if !seen[options] {
				found = append(found, hierarchy{mountpoint: fields[4], options: options})
			}
			seen[options] = true
		}
	}
	if len(found) == 0 {
		return nil, errors.New("no cgroup is mounted under /sys/fs/cgroup")
	}
	return found, lines.Err()
}

// controllersOf keeps of a v1 mount's super options what names the hierarchy.
func controllersOf(superOptions string) string {
	var kept []string
	for _, option := range strings.Split(superOptions, ",") {
		switch {
		case option == "rw", option == "ro", option == "seclabel", option == "xattr", option == "clone_children", strings.HasPrefix(option, "release_agent="):
		default:
			kept = append(kept, option)
		}
	}
	return strings.Join(kept, ",")
}

// enterCgroups moves this process into the cgroup called name below the root of every hierarchy.
func enterCgroups(name string) error {
	all, err := hierarchies()
	if err != nil {
		return err
	}
	for _, h := range all {
		if err := enter(filepath.Join(h.mountpoint, name)); err != nil {
			return err
		}
	}
	return nil
}

func enter(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	// A v1 cpuset is empty when it is made, and takes no process until it has processors and memory.
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		inherited, err := os.ReadFile(filepath.Join(filepath.Dir(dir), file))
		if own, ownErr := os.ReadFile(filepath.Join(dir, file)); err == nil && ownErr == nil && strings.TrimSpace(string(own)) == "" && strings.TrimSpace(string(inherited)) != "" {
			if err := os.WriteFile(filepath.Join(dir, file), inherited, 0); err != nil {
				return err
			}
		}
	}
	return os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(os.Getpid())), 0)
}

// mountCgroups mounts the host's hierarchies at target as this cgroup namespace shows them, so that the node's cgroup looks like the root.
// The first process moves into a child called "system": v2 refuses controllers to the children of a cgroup that holds processes.
func mountCgroups(all []hierarchy, target string) error {
	if len(all) == 1 && all[0].v2 {
		if err := syscall.Mount("cgroup2", target, "cgroup2", 0, ""); err != nil {
			return fmt.Errorf("mount cgroup2: %w", err)
		}
		if err := enter(filepath.Join(target, "system")); err != nil {
			return err
		}
		controllers, err := os.ReadFile(filepath.Join(target, "cgroup.controllers"))
		if err != nil {
			return err
		}
		enable := ""
		for _, controller := range strings.Fields(string(controllers)) {
			enable += "+" + controller + " "
		}
		return os.WriteFile(filepath.Join(target, "cgroup.subtree_control"), []byte(enable), 0)
	}
	if err := syscall.Mount("tmpfs", target, "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("mount %s: %w", target, err)
	}
	for _, h := range all {
		if h.v2 {
			continue
		}
		name := filepath.Base(h.mountpoint)
		dir := filepath.Join(target, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
		options := h.options
		if strings.HasPrefix(options, "name=") {
			options = "none," + options
		}
		if err := syscall.Mount("cgroup", dir, "cgroup", 0, options); err != nil {
			return fmt.Errorf("mount cgroup %s: %w", options, err)
		}
		if err := enter(filepath.Join(dir, "system")); err != nil {
			return err
		}
		if controllers := strings.Split(name, ","); len(controllers) > 1 {
			for _, controller := range controllers {
				if err := os.Symlink(name, filepath.Join(target, controller)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
