"""What judges `reactivation`: a simulated bank with known truth, comparisons, benchmarks."""
