"""Files of other systems, in and out, and DATAVIEW's own names.

``load`` and ``save`` know every format that is installed; other packages add theirs by the entry
point ``dlaaw_nb.mappers``.
"""

from dlaaw_nb.convert.mappers import Mapper, load, mapper_names, save

__all__ = ["Mapper", "load", "mapper_names", "save"]
