// Command probe is the program in the test image: it serves, becomes ready
// late, fails its healthcheck, exits with a code, or ignores SIGTERM, as it is
// asked to. It never needs anything else to be in its image.
//
//	probe [flags]            serve (see -h); each flag -some-flag is also PROBE_SOME_FLAG
//	probe health [ADDRESS]   exit 0 if the server in this container is ready
//	probe get URL            print what is there
//	probe cat FILE           print a file
//	probe write FILE TEXT    write one
//	probe env [KEY]          print the environment, or one value
//	probe id                 print uid:gid, working folder and host name
//	probe resolve NAME       print the addresses of a name
//	probe say TEXT           print a line
//	probe exit CODE          exit with it
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// defaultAddress is where a server listens, and where health looks for it.
const defaultAddress = ":8080"

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
	}
	os.Exit(code)
}

func run(args []string) (int, error) {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return serve(args)
	}
	verb, arg := args[0], func(i int) string {
		if i < len(args) {
			return args[i]
		}
		return ""
	}
	if verb == "exit" {
		return strconv.Atoi(arg(1))
	}
	if err := act(verb, arg); err != nil {
		return 1, err
	}
	return 0, nil
}

func act(verb string, arg func(int) string) error {
	switch verb {
	case "health":
		return health(arg(1))
	case "get":
		return get(context.Background(), os.Stdout, arg(1))
	case "cat":
		text, err := os.ReadFile(arg(1))
		return say(string(text), err)
	case "write":
		return os.WriteFile(arg(1), []byte(arg(2)), 0o644)
	case "env":
		if key := arg(1); key != "" {
			return say(os.Getenv(key)+"\n", nil)
		}
		return say(strings.Join(os.Environ(), "\n")+"\n", nil)
	case "id":
		folder, err := os.Getwd()
		host, _ := os.Hostname()
		return say(fmt.Sprintf("%d:%d %s %s\n", os.Getuid(), os.Getgid(), folder, host), err)
	case "resolve":
		addresses, err := net.LookupHost(arg(1))
		return say(strings.Join(addresses, "\n")+"\n", err)
	case "say":
		return say(arg(1)+"\n", nil)
	}
	return fmt.Errorf("no such verb: %s", verb)
}

func say(text string, err error) error {
	if err == nil {
		_, err = io.WriteString(os.Stdout, text)
	}
	return err
}

func health(address string) error {
	if address == "" {
		address = defaultAddress
	}
	return get(context.Background(), os.Stdout, "http://127.0.0.1"+address+"/health")
}

// get writes what is at a URL.
func get(ctx context.Context, w io.Writer, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if response.StatusCode >= http.StatusBadRequest {
		err = errors.New(response.Status)
	}
	_, failed := w.Write(text)
	return errors.Join(failed, err)
}
