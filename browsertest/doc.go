// Package browsertest looks at the page of cmd/funnel-emulator with a real
// browser: Chromium, which must be installed, as Debian's package chromium for
// one. Without it the tests are skipped, or fail where CI=true.
//
// The package is a module of its own, outside go.work, so that what drives the
// browser stays out of the dependencies of the SDK.
package browsertest
