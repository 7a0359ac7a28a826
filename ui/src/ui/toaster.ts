/** vue-sonner with its styles as a file: it is loaded with the first toast. */
import * as sonner from 'vue-sonner'
import 'vue-sonner/style.css'

export { sonner }
