// Command asreleased turns modules into what a release contains.
//
//	asreleased [-proxy DIR] VERSION MODULE...
//
// The modules are given by their directories. Their go.mod files get no replace directives
// and require VERSION of each other. With -proxy it also writes the modules in that version
// as a module proxy, for GOPROXY=file://DIR.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

func main() {
	proxy := flag.String("proxy", "", "`directory` of the module proxy to write")
	flag.Parse()
	if flag.NArg() < 2 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*proxy, flag.Arg(0), flag.Args()[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "asreleased:", err)
		os.Exit(1)
	}
}

func run(proxy, version string, dirs []string) error {
	files := make([]*modfile.File, len(dirs))
	var released []string
	for i, dir := range dirs {
		path := filepath.Join(dir, "go.mod")
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if files[i], err = modfile.Parse(path, text, nil); err != nil {
			return err
		}
		released = append(released, files[i].Module.Mod.Path)
	}
	for i, file := range files {
		if err := release(file, version, released); err != nil {
			return err
		}
		text, err := file.Format()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dirs[i], "go.mod"), text, 0o644); err != nil {
			return err
		}
		if proxy == "" {
			continue
		}
		if err := publish(proxy, module.Version{Path: released[i], Version: version}, dirs[i], text); err != nil {
			return err
		}
	}
	return nil
}

// release changes a go.mod file to that of the release.
func release(file *modfile.File, version string, released []string) error {
	project := strings.Join(strings.Split(released[0], "/")[:2], "/") + "/"
	for _, replace := range slices.Clone(file.Replace) {
		if err := file.DropReplace(replace.Old.Path, replace.Old.Version); err != nil {
			return err
		}
	}
	for _, require := range slices.Clone(file.Require) {
		path := require.Mod.Path
		switch {
		case slices.Contains(released, path):
			if err := file.AddRequire(path, version); err != nil {
				return err
			}
		case strings.HasPrefix(path, project):
			return fmt.Errorf("%s requires %s, which is not released", file.Module.Mod.Path, path)
		}
	}
	file.Cleanup()
	return nil
}

// publish adds a module to the proxy.
func publish(proxy string, mod module.Version, dir string, goMod []byte) error {
	path, err := module.EscapePath(mod.Path)
	if err != nil {
		return err
	}
	versions := filepath.Join(proxy, filepath.FromSlash(path), "@v")
	if err := os.MkdirAll(versions, 0o755); err != nil {
		return err
	}
	var content bytes.Buffer
	if err := zip.CreateFromDir(&content, mod, dir); err != nil {
		return err
	}
	write := func(name string, data []byte) error { return os.WriteFile(filepath.Join(versions, name), data, 0o644) }
	return errors.Join(
		write("list", []byte(mod.Version+"\n")),
		write(mod.Version+".info", fmt.Appendf(nil, `{"Version":%q}`, mod.Version)),
		write(mod.Version+".mod", goMod),
		write(mod.Version+".zip", content.Bytes()),
	)
}
