// Command program stands for majordomo, which takes longer to build.
package main

import "github.com/google/go-cmp/cmp"

var commit string

func main() { println(commit, cmp.Equal(1, 1)) }
