"""Fill the model's cell of lived waves by the order, by prices on what is learnt, and by the truth, at equal spend."""

from reactivation import cli
from reactivation_lab import steps
from reactivation_lab.pipelines import compare_allocations_by_truth

if __name__ == "__main__":
    cli.main(
        compare_allocations_by_truth.run,
        arguments=compare_allocations_by_truth.add_arguments,
        step=steps.ALLOCATIONS,
    )
