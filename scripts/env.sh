# Source me (bash): the development environment. Code is imported from the source tree, messages from the colcon install.
_th_root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
export PATH="$_th_root/.venv/bin:$PATH"
export AMENT_PREFIX_PATH="$_th_root/.venv"
export CMAKE_PREFIX_PATH="$_th_root/.venv"
export PYTHONPATH=""
if [ -f "$_th_root/install/setup.bash" ]; then
  # shellcheck disable=SC1091
  . "$_th_root/install/local_setup.bash"
fi
for _th_pkg in bringup th_common th_audio_io th_audio_features th_face_predictor th_face_renderer th_training; do
  PYTHONPATH="$_th_root/$_th_pkg${PYTHONPATH:+:$PYTHONPATH}"
done
export PYTHONPATH COLCON_DEFAULTS_FILE="$_th_root/colcon_defaults.yaml"
unset _th_root _th_pkg
