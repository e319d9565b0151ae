"""The system of "Everybody Dance Now" (Chan et al., 2019): whole frames from stick figures."""
