package rehearsal

import "testing"

func TestAChangedImageIsPushedBeforeTheUpdateThatNeedsIt(t *testing.T) {
	t.Parallel()
	image := func(tag string) map[string]any { return map[string]any{"workloads.anm.image": "apim/anm:" + tag} }
	rig := small(t, t.TempDir(), func(o *Options) { o.PushImages, o.Config = true, image("1") })
	for _, seed := range []struct {
		token  string
		inputs map[string]any
	}{
		{"azure-native:resources:ResourceGroup", map[string]any{"resourceGroupName": "rg", "location": "westeurope"}},
		{"azure-native:containerregistry:Registry", map[string]any{
			"resourceGroupName": "rg", "registryName": "registry123", "location": "westeurope", "sku": map[string]any{"name": "Premium"},
		}},
	} {
		if _, err := rig.Subscription().Seed(t.Context(), seed.token, seed.inputs); err != nil {
			t.Fatal(err)
		}
	}
	pushed := func(tag string) bool { return rig.Subscription().HasImage("registry123.azurecr.io/apim/anm:" + tag) }
	if !pushed("1") {
		t.Error("the first image was not pushed once the registry was there")
	}
	if err := rig.Configure(image("2")); err != nil {
		t.Fatal(err)
	}
	if pushed("2") {
		t.Fatal("the second image is there before the update: this test is not testing anything")
	}
	if code, err := rig.Up(t.Context()); err != nil || code != 0 {
		t.Fatal(code, err)
	}
	if !pushed("1") || !pushed("2") {
		t.Errorf("the images are there: %v, %v", pushed("1"), pushed("2"))
	}
}
