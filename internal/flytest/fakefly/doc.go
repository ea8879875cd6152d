// Package fakefly is a flyctl for tests: the test binary itself, run again
// under the name fly. It checks its arguments and its environment as flyctl
// does and prints the same output. A test can make it fail, hang or misbehave.
//
// A test package calls [Main] first thing in its TestMain:
//
//	func TestMain(m *testing.M) {
//		fakefly.Main()
//		os.Exit(m.Run())
//	}
//
// A test then makes a folder with a fly in it, and points cli.path at
// [Fake.Path] or PATH at [Fake.Dir]:
//
//	fly := fakefly.Install(t, fakefly.Behaviour{})
//	…
//	if got := len(fly.Calls()); got != 1 { … }
//
// The fake reads its behaviour from a file in its folder, because the code
// under test removes variables from the environment. Each call leaves a file
// there, so that calls can be counted.
package fakefly
