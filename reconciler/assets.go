package main

import (
	"majordomo.dev/reconciler/web"
	"majordomo.dev/reconciler/web/ui"
)

// assets are the files of the page, as they are built in.
func assets() (*web.Assets, error) {
	a, err := ui.Load()
	if err != nil {
		return nil, err
	}
	return &web.Assets{Script: a.Script, Style: a.Style, Theme: a.Theme, Icon: a.Icon, Files: a}, nil
}
