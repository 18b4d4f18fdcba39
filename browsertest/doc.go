// Package browsertest tests the page of cmd/funnel-emulator in a real browser. It
// needs Chromium, such as Debian's package chromium. Without it the tests are
// skipped, or fail if CI=true.
//
// The package is a module of its own, outside go.work, so that the browser's
// driver is not among the dependencies of the SDK.
package browsertest
