// Package fakefly is a flyctl for tests: the test binary itself, run again under
// the name fly. It checks its arguments and its environment as flyctl does,
// prints what flyctl prints, and can be told to fail, hang or misbehave.
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
// What the fake does is read from a file in its folder and not from the
// environment, which the code under test takes away; each call leaves a file
// there, by which calls are counted.
package fakefly
