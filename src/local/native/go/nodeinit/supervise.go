package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	shortestPause = 250 * time.Millisecond
	longestPause  = 10 * time.Second
	steady        = 30 * time.Second // a program that ran this long is restarted without a pause that grew
)

// state is what the status file says of one program.
type state struct {
	Name     string    `json:"name"`
	Pid      int       `json:"pid"` // in the node's PID namespace; 0 while it does not run
	Since    time.Time `json:"since"`
	Restarts int       `json:"restarts"`
	LastExit string    `json:"lastExit,omitempty"`
}

type supervisor struct {
	spec   *Spec
	mu     sync.Mutex
	states []*state
	exits  map[int]chan syscall.WaitStatus
}

func newSupervisor(spec *Spec) *supervisor {
	s := &supervisor{spec: spec, exits: map[int]chan syscall.WaitStatus{}}
	for _, p := range spec.Programs {
		s.states = append(s.states, &state{Name: p.Name, Since: time.Now().UTC()})
	}
	return s
}

func (s *supervisor) start() {
	for i, p := range s.spec.Programs {
		go s.keep(p, s.states[i])
	}
}

// reap waits for every child, the programs and the orphans that containerd's shims leave to the first process. It returns never.
func (s *supervisor) reap() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if err == syscall.ECHILD {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		if err != nil {
			continue
		}
		s.mu.Lock()
		exit := s.exits[pid]
		delete(s.exits, pid)
		s.mu.Unlock()
		if exit != nil {
			exit <- status
		}
	}
}

// keep runs one program for ever.
func (s *supervisor) keep(p Program, st *state) {
	pause := shortestPause
	for {
		waitFor(p.WaitFor)
		began := time.Now()
		exit, err := s.run(p, st)
		reason := ""
		if err != nil {
			reason = err.Error()
		} else {
			reason = describe(<-exit)
		}
		s.update(func() { st.Pid, st.Since, st.LastExit = 0, time.Now().UTC(), reason })
		log.Printf("%s ended: %s", p.Name, reason)
		if time.Since(began) > steady {
			pause = shortestPause
		}
		time.Sleep(pause)
		pause = min(2*pause, longestPause)
		s.update(func() { st.Restarts++ })
	}
}

func (s *supervisor) run(p Program, st *state) (chan syscall.WaitStatus, error) {
	out, err := os.OpenFile(s.spec.NodeLogDir+"/"+p.Name+".log", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	exit := make(chan syscall.WaitStatus, 1)
	// Held over the start, so that the reaper cannot meet a pid before it is known.
	s.mu.Lock()
	process, err := os.StartProcess(p.Argv[0], p.Argv, &os.ProcAttr{
		Dir: "/", Env: append(append([]string{}, s.spec.Env...), p.Env...), Files: []*os.File{null, out, out}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err == nil {
		s.exits[process.Pid] = exit
	}
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	pid := process.Pid
	if err := process.Release(); err != nil {
		return nil, err
	}
	s.update(func() { st.Pid, st.Since = pid, time.Now().UTC() })
	return exit, nil
}

// update changes a state and writes the status file in one step.
func (s *supervisor) update(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	data, err := json.MarshalIndent(s.states, "", "  ")
	if err == nil {
		err = os.WriteFile(s.spec.StatusFile+".new", data, 0o644)
	}
	if err == nil {
		err = os.Rename(s.spec.StatusFile+".new", s.spec.StatusFile)
	}
	if err != nil {
		log.Printf("Could not write the status file: %v", err)
	}
}

func describe(status syscall.WaitStatus) string {
	if status.Signaled() {
		return fmt.Sprintf("signal %d (%s)", status.Signal(), status.Signal())
	}
	return fmt.Sprintf("exit code %d", status.ExitStatus())
}

// waitFor returns when address ("unix:PATH", "tcp:HOST:PORT", or nothing) accepts a connection.
func waitFor(address string) {
	network, target, ok := strings.Cut(address, ":")
	for ok {
		connection, err := net.DialTimeout(network, target, time.Second)
		if err == nil {
			connection.Close()
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
}
