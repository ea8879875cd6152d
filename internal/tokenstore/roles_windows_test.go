package tokenstore_test

func platformRoles() map[string]role { return nil }
