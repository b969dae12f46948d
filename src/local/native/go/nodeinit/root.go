package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// buildRoot makes the node's root file system on spec.NewRoot and makes it the root of this mount namespace.
func buildRoot(spec *Spec) error {
	// Nothing that is mounted here may reach the host.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	all, err := hierarchies()
	if err != nil {
		return err
	}
	root := spec.NewRoot
	if err := syscall.Mount("tmpfs", root, "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("mount the root: %w", err)
	}
	for path, target := range spec.Links {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o755); err != nil {
			return err
		}
		if err := os.Symlink(target, filepath.Join(root, path)); err != nil {
			return err
		}
	}
	for _, m := range spec.Mounts {
		if err := mount(root, m); err != nil {
			return err
		}
	}
	for path, content := range spec.Files {
		if err := writeFile(filepath.Join(root, path), content); err != nil {
			return err
		}
	}
	for _, dir := range []string{"proc", "sys"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o555); err != nil {
			return err
		}
	}
	if err := syscall.Mount("proc", filepath.Join(root, "proc"), "proc", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount proc: %w", err)
	}
	if err := syscall.Mount("sysfs", filepath.Join(root, "sys"), "sysfs", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount sysfs: %w", err)
	}
	if err := mountCgroups(all, filepath.Join(root, "sys/fs/cgroup")); err != nil {
		return err
	}
	for path, content := range spec.Masked {
		if err := mask(root, path, content); err != nil {
			return err
		}
	}
	if err := pivot(root); err != nil {
		return err
	}
	// kubelet mounts with propagation; the node's own root has to be a shared mount for that.
	return syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_SHARED, "")
}

func mount(root string, m Mount) error {
	target := filepath.Join(root, m.Target)
	switch m.Type {
	case "tmpfs":
		if err := os.MkdirAll(target, 0o755); err != nil {
			return err
		}
		return wrap(m, syscall.Mount("tmpfs", target, "tmpfs", 0, "mode=755"))
	case "overlay":
		if err := os.MkdirAll(target, 0o755); err != nil {
			return err
		}
		return wrap(m, syscall.Mount("overlay", target, "overlay", syscall.MS_RDONLY, "lowerdir="+strings.Join(m.Lower, ":")))
	case "bind":
		info, err := os.Stat(m.Source)
		if err != nil {
			return err
		}
		if info.IsDir() {
			err = os.MkdirAll(target, 0o755)
		} else {
			err = writeFile(target, "")
		}
		if err != nil {
			return err
		}
		if err := syscall.Mount(m.Source, target, "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
			return wrap(m, err)
		}
		if m.ReadOnly {
			return wrap(m, syscall.Mount("", target, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
		}
		return nil
	}
	return fmt.Errorf("unknown mount type %q", m.Type)
}

func wrap(m Mount, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("mount %s %s on %s: %w", m.Type, m.Source, m.Target, err)
}

// mask puts a private copy over a file of the kernel that belongs to the whole host, so that programs which insist on a value find it
// set and leave the host's alone.
func mask(root, path, content string) error {
	target := filepath.Join(root, path)
	if _, err := os.Stat(target); os.IsNotExist(err) {
		return nil
	}
	source := filepath.Join(root, "run/masked", strings.ReplaceAll(strings.Trim(path, "/"), "/", "."))
	if err := writeFile(source, content+"\n"); err != nil {
		return err
	}
	if err := syscall.Mount(source, target, "", syscall.MS_BIND, ""); err != nil {
		return fmt.Errorf("mask %s: %w", path, err)
	}
	return nil
}

func pivot(root string) error {
	old := filepath.Join(root, "old")
	if err := os.Mkdir(old, 0o700); err != nil {
		return err
	}
	if err := syscall.PivotRoot(root, old); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	if err := syscall.Unmount("/old", syscall.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount the host's root: %w", err)
	}
	return os.Remove("/old")
}

func writeFile(path, content string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o644)
}

func writeSysctls(values map[string]string) error {
	for name, value := range values {
		if err := os.WriteFile(filepath.Join("/proc/sys", name), []byte(value), 0); err != nil {
			return fmt.Errorf("sysctl: %w", err)
		}
	}
	return nil
}
