-- The surgeon with kappa 1 against kappa 3, on the same networks: validation recalls in points.
WITH score AS (
  SELECT json_extract(settings.json, '$.architecture') AS architecture,
         json_extract(settings.json, '$.metric.kappa') AS kappa, data, imbalance, seed, treatment, sparsity,
         100 * balanced_accuracy AS balanced, 100 * minority_recall AS minority
  FROM cell JOIN settings ON settings.id = cell.settings JOIN outcome ON outcome.cell = cell.id
  WHERE method = 'surgeon' AND part = 'validation'),
problem AS (
  SELECT CASE WHEN architecture LIKE 'mlp%' THEN 'fully connected' ELSE 'with convolutions' END AS networks,
         treatment, avg(a.balanced - b.balanced) AS balanced, avg(a.minority - b.minority) AS minority
  FROM score AS a JOIN score AS b USING (architecture, data, imbalance, seed, treatment, sparsity)
  WHERE a.kappa = 1 AND b.kappa = 3
  GROUP BY architecture, data, imbalance, seed, treatment)
SELECT networks, treatment, count(*) AS problems,
       printf('%+.2f ± %.2f', avg(balanced), sqrt((avg(balanced * balanced) - avg(balanced) * avg(balanced)) / (count(*) - 1))) AS balanced,
       printf('%+.2f ± %.2f', avg(minority), sqrt((avg(minority * minority) - avg(minority) * avg(minority)) / (count(*) - 1))) AS minority,
       sum(minority > 0) || ' of ' || count(*) AS better
FROM problem GROUP BY 1, 2;
