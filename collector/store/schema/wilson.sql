-- 95 % score interval of a share k/n that comes in clusters (one phone repeats itself).
-- Wilson (1927) on the effective sample size n / deff; deff is the ratio of the linearised
-- cluster variance of k/n to p(1-p)/n (Kish 1965), never below 1. At p = 0 or 1, where no variance
-- can be seen, every cluster counts once. kk, kn, nn are sums over clusters of k², k·n and n².
create or replace macro effective_size(k, n, kk, kn, nn, clusters) as
    case
        when n = 0 then null
        when k = 0 or k = n or clusters < 2 then cast(clusters as double)
        else n / greatest(
            1.0,
            (clusters / (clusters - 1.0))
                * (kk - 2.0 * k / n * kn + (1.0 * k / n) * (1.0 * k / n) * nn)
                / (1.0 * k * (n - k) / n)
        )
    end;
create or replace macro wilson_low(p, size) as
    case
        when p = 0 then 0.0
        else (
            p + 1.920729 / size - 1.959964 * sqrt(p * (1 - p) / size + 0.960365 / (size * size))
        ) / (1 + 3.841459 / size)
    end;
create or replace macro wilson_high(p, size) as
    case
        when p = 1 then 1.0
        else (
            p + 1.920729 / size + 1.959964 * sqrt(p * (1 - p) / size + 0.960365 / (size * size))
        ) / (1 + 3.841459 / size)
    end;
-- What stands for an installation where they are only told apart, as grouping long values takes longer.
create or replace macro phone_of(installation) as
    case when installation is not null then hash(installation) end;
