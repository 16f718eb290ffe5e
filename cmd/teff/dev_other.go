//go:build !unix

package main

import "os/exec"

func ownGroup(*exec.Cmd) {}

// terminate ends the process's stdin, which ends silo.Main.
func (p *process) terminate() { _ = p.stdin.Close() }

func (p *process) kill() { _ = p.cmd.Process.Kill() }
