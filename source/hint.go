package source

import (
	"regexp"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
)

// awsName is <account>_vpcflowlogs_<region>_<fl-id>_YYYYMMDDTHHmmZ_<hash>.…
var awsName = regexp.MustCompile(`^(\d{12})_vpcflowlogs_([a-z0-9-]+)_(fl-[0-9a-zA-Z]+)_(\d{8}T\d{4}Z)(?:_|\.|$)`)

// gcpPath is …/<log service>/<log>/YYYY/MM/DD/HH:MM:SS_HH:MM:SS_<shard>.json
var gcpPath = regexp.MustCompile(`(compute\.googleapis\.com|networkmanagement\.googleapis\.com)/(vpc_flows|firewall)/(\d{4})/(\d{2})/(\d{2})/(\d{2}):\d{2}:\d{2}_`)

// dated is the AWS layouts' folders: by path or by Hive keys.
var (
	dated = regexp.MustCompile(`/(\d{12})/vpcflowlogs/([a-z0-9-]+)/(\d{4})/(\d{2})/(\d{2})(?:/(\d{2}))?/`)
	hive  = regexp.MustCompile(`aws-account-id=(\d{12})/aws-service=vpcflowlogs/aws-region=([a-z0-9-]+)/year=(\d{4})/month=(\d{2})/day=(\d{2})(?:/hour=(\d{2}))?/`)
)

// Hint reads what an object's path says, whatever stands before the part that
// a cloud wrote: its place, and the start and length of its
// delivery window.
func Hint(path string) (periplus.Place, time.Time, time.Duration) {
	path = strings.ToValidUTF8(path, "\uFFFD")
	base := path[strings.LastIndexByte(path, '/')+1:]
	if m := awsName.FindStringSubmatch(base); m != nil {
		t, err := time.Parse("20060102T1504Z", m[4])
		if err == nil {
			return periplus.Place{Provider: "aws", Account: m[1], Region: m[2], Log: m[3]}, t, 5 * time.Minute
		}
	}
	for _, re := range []*regexp.Regexp{dated, hive} {
		if m := re.FindStringSubmatch(path); m != nil {
			window := 24 * time.Hour
			if m[6] != "" {
				window = time.Hour
			}
			return periplus.Place{Provider: "aws", Account: m[1], Region: m[2]}, day(m[3], m[4], m[5], m[6], ""), window
		}
	}
	if m := gcpPath.FindStringSubmatch(path); m != nil {
		return periplus.Place{Provider: "gcp"}, day(m[3], m[4], m[5], m[6], ""), time.Hour
	}
	if strings.Contains(path, "flowLogResourceID=") || strings.Contains(path, "resourceId=") {
		p, t := azure(path)
		return p, t, time.Hour
	}
	return periplus.Place{}, time.Time{}, 0
}

func day(y, m, d, h, min string) time.Time {
	if h == "" {
		h = "00"
	}
	if min == "" {
		min = "00"
	}
	t, err := time.Parse("2006 01 02 15 04", strings.Join([]string{y, m, d, h, min}, " "))
	if err != nil {
		return time.Time{}
	}
	return t
}

// azure reads the key= segments of a blob's name. The key m stands twice: the
// month, then the minute.
func azure(path string) (periplus.Place, time.Time) {
	p := periplus.Place{Provider: "azure"}
	var y, mon, d, h, min string
	for seg := range strings.SplitSeq(path, "/") {
		key, v, ok := strings.Cut(seg, "=")
		if !ok {
			continue
		}
		switch key {
		case "flowLogResourceID", "resourceId":
		case "y":
			y = v
		case "m":
			if mon == "" {
				mon = v
			} else {
				min = v
			}
		case "d":
			d = v
		case "h":
			h = v
		case "macAddress":
			p.Interface = strings.ToUpper(v)
		}
	}
	upper := strings.ToUpper(path)
	if _, rest, ok := strings.Cut(upper, "FLOWLOGRESOURCEID=/"); ok {
		// <sub>_NETWORKWATCHERRG/NETWORKWATCHER_<REGION>_<RESOURCE>-<RG>-FLOWLOGS
		if sub, _, ok := strings.Cut(rest, "_NETWORKWATCHERRG/"); ok && !strings.Contains(sub, "/") {
			p.Account = strings.ToLower(sub)
		}
		if _, name, ok := strings.Cut(rest, "/NETWORKWATCHER_"); ok {
			if region, log, ok := strings.Cut(strings.SplitN(name, "/", 2)[0], "_"); ok {
				p.Region, p.Log = strings.ToLower(region), strings.ToLower(log)
			}
		}
	} else if _, rest, ok := strings.Cut(upper, "RESOURCEID=/SUBSCRIPTIONS/"); ok {
		parts := strings.Split(rest, "/")
		p.Account = strings.ToLower(parts[0])
		if i := strings.Index(rest, "/NETWORKSECURITYGROUPS/"); i >= 0 {
			p.Log = strings.ToLower(strings.SplitN(rest[i+len("/NETWORKSECURITYGROUPS/"):], "/", 2)[0])
		}
	}
	return p, day(y, mon, d, h, min)
}
