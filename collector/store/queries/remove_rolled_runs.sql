-- Launches of which something came or went, made in a range: their runs are made anew.
delete from rollup_runs r
using (select distinct installation, launch, earliest, latest from fresh) f
where r.earliest >= $first and r.latest <= $last
    and r.launch in (select launch from fresh)
    and f.launch = r.launch and f.installation = r.installation
    and r.earliest >= f.earliest and r.latest <= f.latest;
delete from rollup_gaps g
using (select distinct installation, launch, earliest, latest from fresh) f
where g.time between $first and $last
    and g.launch in (select launch from fresh)
    and f.launch = g.launch and f.installation = g.installation
    and g.time between f.earliest and f.latest
