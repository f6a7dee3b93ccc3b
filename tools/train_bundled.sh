# The commands that made the models which travel with the program. Sourced by ./run.
# Each writes a run into build/bundled/NAME; models/NAME.safetensors is its best checkpoint in half precision.

readonly fashion_mnist=/usr/share/datasets/fashion-mnist
readonly bundled_runs=build/bundled

bundled_names() {
  echo "fashion_vit fashion_tnt fashion_swin fashion_resnet scenes_rtdetr scenes_fasterrcnn scenes_yolox pedestrians_rtdetr dates"
}

# The data of a model, made where it is missing; prints its folder.
bundled_data() {
  case $1 in
    fashion_*)
      packages "${packages_data[@]}" >&2
      echo "$fashion_mnist"
      ;;
    scenes_*)
      bundled_data fashion_vit >/dev/null
      [[ -e $bundled_runs/scenes ]] || step "$vitral" data make fashion-scenes -o "$bundled_runs/scenes" >&2
      echo "$bundled_runs/scenes"
      ;;
    pedestrians_*)
      [[ -e $bundled_runs/people ]] || step "$vitral" data make pedestrians .deps/videos/vtest.avi -o "$bundled_runs/people" >&2
      checked_people >&2
      echo "$bundled_runs/people"
      ;;
  esac
}

# The frames of the video with boxes drawn by hand, as a data set of its own.
checked_people() {
  local set=$bundled_runs/people_checked frame
  mkdir -p "$set/annotations" "$set/val"
  cp models/pedestrians_checked.json "$set/annotations/instances_val.json"
  for frame in $(grep -o 'frame_[0-9]*.jpg' models/pedestrians_checked.json); do
    cp "$bundled_runs/people/val/$frame" "$set/val/$frame"
  done
}

# The split that a model is judged on; prints its folder.
bundled_judge() {
  case $1 in
    pedestrians_*) echo "$bundled_runs/people_checked" ;;
    *) bundled_data "$1" ;;
  esac
}

# Flags beside model, data and folder. Networks this small learn fastest on one thread each: train several at a time.
readonly fashion="-b 64 --lr 1e-3 --crop-scale 1.0 --label-smoothing 0 --amp bf16 --threads 1"
readonly from_resnet="--drop-path 0.05 --teacher models/fashion_resnet.safetensors --distill soft --distill-temperature 3"

# Of an earlier run, whose weights a model begins with; nothing for those that begin with random ones.
bundled_first_flags() {
  case $1 in
    fashion_swin) echo "--epochs 16 $from_resnet $fashion" ;;
  esac
}

bundled_flags() {
  local scenes="-b 16 --lr 1e-3 --amp bf16 --threads 1"
  case $1 in
    fashion_swin) echo "--epochs 24 $from_resnet -b 64 --lr 6e-4 --crop-scale 0.7 --erasing 0.2 --label-smoothing 0 --amp bf16 --threads 1" ;;
    fashion_vit) echo "--epochs 14 $fashion" ;;
    fashion_tnt) echo "--epochs 6 $fashion" ;;
    fashion_resnet) echo "--epochs 12 $fashion" ;;
    scenes_rtdetr) echo "--epochs 30 $scenes" ;;
    scenes_yolox) echo "--epochs 15 $scenes" ;;
    scenes_fasterrcnn) echo "--epochs 14 $scenes" ;;
    pedestrians_*) echo "-w $bundled_runs/scenes_original.safetensors --recipe small --epochs 16 -b 8 --lr 1e-3 --amp bf16 --eval-every 4 --threads 1" ;;
  esac
}

# Dates in many forms to ISO 8601: pairs of sentences, and so another command than the pictures'.
train_dates() {
  [[ -e $bundled_runs/dates-data ]] || step "$vitral" data make dates -o "$bundled_runs/dates-data"
  step "$vitral" text train "$bundled_runs/dates-data/train.tsv" --task seq2seq --val "$bundled_runs/dates-data/val.tsv" \
    -o "$bundled_runs/dates" -y --preset tiny --dropout 0 --epochs 12 -b 64 --lr 0.35 --smoothing 0 --half --threads 1
  mkdir -p models
  cp "$bundled_runs/dates/best.safetensors" models/dates.safetensors
  say "models/dates.safetensors; its card, models/dates.md, says what was measured"
}

# train_run NAME DATA FOLDER FLAGS...: begins a run, or goes on with it. From nothing: the weights that travel with the
# program under this name are not looked for.
train_run() {
  local name=$1 data=$2 run=$3
  shift 3
  if [[ -e $run/run.json ]]; then
    step "$vitral" train --resume "$run"
  else
    step env VITRAL_MODELS="$bundled_runs" "$vitral" train -m "$name" --data "$data" -o "$run" "$@"
  fi
}

train_bundled() {
  local name=$1 data first
  [[ " $(bundled_names) " == *" $name "* ]] || die "no bundled model is called $name; there are: $(bundled_names)"
  mkdir -p "$bundled_runs"
  if [[ $name == dates ]]; then
    train_dates
    return
  fi
  data=$(bundled_data "$name")
  # The pedestrians' network begins with what the scenes' network knows of objects.
  [[ $name != pedestrians_* ]] ||
    step "$vitral" weights convert models/scenes_rtdetr.safetensors -o "$bundled_runs/scenes_original.safetensors" --to original -y
  # shellcheck disable=SC2046  # lists of flags
  if [[ -n $(bundled_first_flags "$name") ]]; then
    first=$bundled_runs/${name}_first
    train_run "$name" "$data" "$first" $(bundled_first_flags "$name")
    train_run "$name" "$data" "$bundled_runs/$name" -w "$first/best.safetensors" $(bundled_flags "$name")
  else
    train_run "$name" "$data" "$bundled_runs/$name" $(bundled_flags "$name")
  fi
  mkdir -p models
  step "$vitral" weights convert "$bundled_runs/$name/best.safetensors" -m "$name" -o "models/$name.safetensors" --to native --half -y
  step "$vitral" eval -m "models/$name.safetensors" --data "$(bundled_judge "$name")" -b 32
  say "models/$name.safetensors; its card, models/$name.md, says what was measured"
}
