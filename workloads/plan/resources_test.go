package plan

import (
	"maps"
	"strings"
	"testing"
)

func TestParseCPU(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want int
	}{
		"whole cores are thousands":                 {"2", 2000},
		"a decimal is a part of a core":             {"0.5", 500},
		"three decimals are the finest":             {"1.125", 1125},
		"an m counts thousandths":                   {"250m", 250},
		"a dot without decimals is refused":         {"3.", 0},
		"a sign is refused":                         {"+1", 0},
		"zero is refused":                           {"0", 0},
		"a negative amount is refused":              {"-1", 0},
		"four decimals are refused":                 {"0.0001", 0},
		"nothing is refused":                        {"", 0},
		"a word is refused":                         {"two", 0},
		"thousandths take no decimals":              {"0.5m", 0},
		"a sign hidden behind the point is refused": {"0.-5", 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseCPU(c.in)
			if got != c.want || (err == nil) != (c.want > 0) {
				t.Errorf("ParseCPU(%q) = %d, %v; want %d", c.in, got, err, c.want)
			}
			if err != nil && !strings.Contains(err.Error(), "`500m`") {
				t.Errorf("the message names no way out: %v", err)
			}
		})
	}
}

func TestQuantitiesAreWrittenAsTheServerWouldWriteThem(t *testing.T) {
	r := Resources{CPURequest: 500, CPULimit: 2000, MemoryRequest: 512, MemoryLimit: 2048}
	if got, want := r.Requests(), map[string]string{"cpu": "500m", "memory": "512Mi"}; !maps.Equal(got, want) {
		t.Errorf("requests are %v, want %v", got, want)
	}
	if got, want := r.Limits(), map[string]string{"cpu": "2", "memory": "2Gi"}; !maps.Equal(got, want) {
		t.Errorf("limits are %v, want %v", got, want)
	}
}

func TestCheckHeap(t *testing.T) {
	for name, c := range map[string]struct {
		heap, memory int
		fits         bool
	}{
		"the reference's gateway heap fits its 2 GiB": {1512, 2048, true},
		"the reference's ANM heap fits its 2 GiB":     {1024, 2048, true},
		"exactly three quarters fit":                  {1536, 2048, true},
		"one MiB more does not":                       {1537, 2048, false},
		"a heap as large as the limit does not":       {1024, 1024, false},
		"no heap at all is refused":                   {0, 2048, false},
	} {
		t.Run(name, func(t *testing.T) {
			err := CheckHeap("workloads.anm.heapMB", c.heap, c.memory)
			if (err == nil) != c.fits {
				t.Errorf("%d in %d: %v", c.heap, c.memory, err)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "workloads.anm.heapMB: ") {
				t.Errorf("the message does not start with the key: %v", err)
			}
		})
	}
}

func TestHeadroomIsAsLargeAsTheLargestGatewayInEachDimension(t *testing.T) {
	got := Headroom([]Resources{
		{CPURequest: 1000, CPULimit: 2000, MemoryRequest: 1024, MemoryLimit: 1024},
		{CPURequest: 500, CPULimit: 4000, MemoryRequest: 4096, MemoryLimit: 4096},
	})
	if want := (Resources{CPURequest: 1000, CPULimit: 1000, MemoryRequest: 4096, MemoryLimit: 4096}); got != want {
		t.Errorf("headroom is %+v, want %+v", got, want)
	}
}
