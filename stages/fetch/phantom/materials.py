"""Linear attenuation coefficients per mm at the effective energy of a 120 kV chest radiograph, about 65-70 keV.

From NIST XCOM / NISTIR 5632 (Hubbell and Seltzer), mass attenuation at 60 and 80 keV times density:
soft tissue (ICRU-44, 1.06 g/cm3) 0.0217 and 0.0193; cortical bone (1.92 g/cm3) 0.0604 and 0.0428; inflated lung is
soft tissue at a quarter of its density (0.26 g/cm3).
"""

SOFT = 0.0205
LUNG = 0.25 * SOFT
CORTICAL = 0.052
TRABECULAR = 0.030
"""Cancellous bone with its marrow, about 1.2-1.3 g/cm3."""
METAL = 1.0
"""Steel and copper are beyond 0.9; thin wires are not opaque."""
PLASTIC = 0.06
"""Barium-loaded catheter."""
