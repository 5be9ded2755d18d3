"""Write the scaffold of a new region's conf, or the tables of its guide, from the contracts."""

from reactivation import cli
from reactivation.pipelines import new_region

if __name__ == "__main__":
    cli.main_alone(new_region.run, arguments=new_region.add_arguments)
