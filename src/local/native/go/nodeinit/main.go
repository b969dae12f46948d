// Command nodeinit makes one local node and is its first process.
//
//	nodeinit launch SPEC   enters the node's cgroup, starts "nodeinit init" in namespaces of its own, prints its pid and exits
//	nodeinit init SPEC     (inside) builds the node's root file system, waits for its link, starts and restarts its programs
//
// On its control pipe (file descriptor 3 of launch, standard input of init) init expects the line "linked" once the link "eth0" has been moved in, and "commit" once the node is usable.
// Should the input end before that, whoever was making the node is gone: init exits, and the kernel ends all that runs in the
// PID namespace with it. After "commit" the node lives until init is killed.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	log.SetFlags(log.LstdFlags | log.LUTC)
	log.SetPrefix("nodeinit: ")
	if len(os.Args) != 3 {
		log.Fatal("usage: nodeinit launch|init SPEC.json")
	}
	spec, err := readSpec(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	switch os.Args[1] {
	case "launch":
		err = launch(spec, os.Args[2])
	case "init":
		err = runInit(spec)
	default:
		err = fmt.Errorf("unknown command %q", os.Args[1])
	}
	if err != nil {
		log.Fatal(err)
	}
}

func launch(spec *Spec, path string) error {
	if err := enterCgroups(spec.Cgroup); err != nil {
		return fmt.Errorf("enter cgroup %s: %w", spec.Cgroup, err)
	}
	logFile, err := os.OpenFile(spec.LogDir+"/nodeinit.log", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	cmd := exec.Command("/proc/self/exe", "init", path)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.NewFile(3, "control"), logFile, logFile
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true,
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWCGROUP,
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the node's first process: %w", err)
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]int{"pid": cmd.Process.Pid})
}

func runInit(spec *Spec) error {
	stopOnSignal()
	if err := syscall.Sethostname([]byte(spec.Hostname)); err != nil {
		return fmt.Errorf("set hostname: %w", err)
	}
	if err := buildRoot(spec); err != nil {
		return err
	}
	input := bufio.NewReader(os.Stdin)
	if err := expect(input, "linked"); err != nil {
		return err
	}
	if err := writeSysctls(spec.Sysctls); err != nil {
		return err
	}
	for _, variable := range spec.Env {
		name, value, _ := strings.Cut(variable, "=")
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	for _, argv := range spec.Network {
		cmd := exec.Command(argv[0], argv[1:]...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w: %s", argv, err, out)
		}
	}
	s := newSupervisor(spec)
	s.start()
	go func() {
		if err := expect(input, "commit"); err != nil {
			log.Fatal(err)
		}
		log.Print("The node is in use")
	}()
	s.reap()
	return nil
}

// expect reads one line and returns an error when it is another one or the input has ended.
func expect(input *bufio.Reader, want string) error {
	line, err := input.ReadString('\n')
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("input ended before %q: whoever made this node is gone, ending it", want)
	}
	if err != nil {
		return err
	}
	if line != want+"\n" {
		return fmt.Errorf("expected %q, got %q", want, line)
	}
	return nil
}

// stopOnSignal ends the node at SIGTERM; the first process of a PID namespace ignores signals that it does not handle.
func stopOnSignal() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() { log.Fatalf("Ended by signal %v", <-signals) }()
}
