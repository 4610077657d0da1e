// Judges every vector of a file with docs/upstreams/go/verify.go.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"postern.example/vectors/postern"
)

type said struct {
	Name    string `json:"name"`
	Verdict string `json:"verdict"`
	Sub     string `json:"sub"`
	Why     string `json:"why"`
}

// judgeLines judges one assertion a line as it comes; refusals are said, and at the end how many lines there were.
func judgeLines() {
	verify, err := postern.New(os.Getenv("POSTERN_ISSUER"), os.Getenv("POSTERN_AUDIENCE"), os.Getenv("POSTERN_JWKS"))
	if err != nil {
		panic(err)
	}
	count := 0
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); count++ {
		if _, err := verify(lines.Text()); err != nil {
			fmt.Println("refused", err)
		}
	}
	fmt.Println("judged", count)
}

func main() {
	if os.Args[1] == "-" {
		judgeLines()
		return
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	var file struct {
		Vectors []struct{ Name, Token string }
	}
	if err := json.Unmarshal(text, &file); err != nil {
		panic(err)
	}
	verify, err := postern.New(os.Getenv("POSTERN_ISSUER"), os.Getenv("POSTERN_AUDIENCE"), os.Getenv("POSTERN_JWKS"))
	if err != nil {
		panic(err)
	}
	all := []said{}
	for _, vector := range file.Vectors {
		claims, err := verify(vector.Token)
		if err != nil {
			all = append(all, said{Name: vector.Name, Verdict: "refused", Why: err.Error()})
		} else {
			all = append(all, said{Name: vector.Name, Verdict: "user", Sub: claims.Subject})
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(all); err != nil {
		panic(err)
	}
}
