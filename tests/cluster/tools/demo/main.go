// demo is the program inside the images that make-image writes: it shows the image's own content, and
// it lets a test ask from inside a pod what a name resolves to or what a URL answers.
//
//	demo [serve [ADDRESS]]   HTTP server on ADDRESS (:8080), until SIGTERM
//	demo content             prints the content
//	demo lookup NAME         prints the addresses of NAME, one a line
//	demo get URL             prints the body that URL answers; exits 1 unless it is a 200
//
// The server answers / with the content, /lookup?name=NAME and /get?url=URL.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const contentFile = "/content"

func content(...string) (string, error) {
	text, err := os.ReadFile(contentFile)
	return string(text), err
}

func lookup(arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(ctx, arguments[0])
	return strings.Join(append(addresses, ""), "\n"), err
}

func get(arguments ...string) (string, error) {
	client := http.Client{Timeout: 5 * time.Second}
	answer, err := client.Get(arguments[0])
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.New(answer.Status)
	}
	return string(body), err
}

func serve(address string) error {
	answer := func(f func(...string) (string, error), parameter string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			text, err := f(r.URL.Query().Get(parameter))
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
			fmt.Fprint(w, text)
		}
	}
	http.HandleFunc("/{$}", answer(content, ""))
	http.HandleFunc("/lookup", answer(lookup, "name"))
	http.HandleFunc("/get", answer(get, "url"))
	server := http.Server{Addr: address}
	// As the first process of a container it would otherwise ignore SIGTERM.
	ended, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	go func() { <-ended.Done(); server.Close() }()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func main() {
	command, arguments := "serve", []string{}
	if len(os.Args) > 1 {
		command, arguments = os.Args[1], os.Args[2:]
	}
	actions := map[string]func(...string) (string, error){"content": content, "lookup": lookup, "get": get}
	var text string
	var err error
	action, known := actions[command]
	switch {
	case command == "serve" && len(arguments) == 0:
		err = serve(":8080")
	case command == "serve" && len(arguments) == 1:
		err = serve(arguments[0])
	case !known || command != "content" && len(arguments) != 1:
		err = errors.New("usage: demo [serve [ADDRESS] | content | lookup NAME | get URL]")
	default:
		text, err = action(arguments...)
		fmt.Print(text)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}
